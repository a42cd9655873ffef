/** The user's own date, YYYY-MM-DD: what the model is told. */
export const localDate = (date: Date): string => {
  const pad = (part: number): string => String(part).padStart(2, '0');
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
};
