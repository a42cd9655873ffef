/** The type of a tool or an item as the log may name it. The API's are such words; what else a client puts there may be of a prompt. */
export const typeForLog = (type: string): string =>
  /^[a-z0-9_]{1,40}$/.test(type) ? type : 'of an unknown type';
