export const daemon = async (..._args: unknown[]): Promise<number> => { throw new Error('not wired'); };
