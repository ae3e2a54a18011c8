/**
 * How often a property is tried: as often as said, or that times `PROPERTY_RUNS`, which `npm run
 * verify` sets.
 */
export function runs(count: number): number {
  return count * Number(process.env['PROPERTY_RUNS'] ?? 1)
}

/** Whether `npm run verify` runs: what takes longer than CI has. */
export const isLong = process.env['PROPERTY_RUNS'] !== undefined
