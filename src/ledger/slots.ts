/**
 * What is added up is added up by quarters of an hour: every border of hours and days, in every time zone there is, lies
 * between two of them.
 */
export const slotMs = 900_000

export const slotOf = (at: number): number => Math.floor(at / slotMs)
