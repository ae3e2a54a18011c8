/** Short enough to meet many deadlines, long enough for two busy cores. Milliseconds. */
export const TIMES = {
  requestTimeoutMs: 1_500,
  claimMs: 3_000,
  waitMs: 6_000,
  storeTimeoutMs: 1_000,
} as const
