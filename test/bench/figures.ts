/** A figure beside what it may be at most, or must be at least. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly atMost?: number
  readonly atLeast?: number
}

/** The value that so much of the others do not exceed. */
export function percentile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)] ?? NaN
}

export const median = (values: readonly number[]): number => percentile(values, 0.5)

function isKept({ value, atMost = Infinity, atLeast = -Infinity }: Figure): boolean {
  return value <= atMost && value >= atLeast
}

/** A line of Markdown for a figure. */
export function line(figure: Figure): string {
  const { name, value, unit, atMost, atLeast } = figure
  const bound = atMost === undefined ? atLeast && `≥ ${atLeast}` : `≤ ${atMost}`
  const verdict = bound === undefined ? '' : isKept(figure) ? 'kept' : '**missed**'
  return `| ${name} | ${rounded(value)} ${unit} | ${bound ?? ''} | ${verdict} |`
}

function rounded(value: number): string {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toFixed(digits)
}

export const HEADER = '| figure | measured | budget | |\n| --- | ---: | ---: | --- |'
