import { numbersFrom } from '../../src/testing/authorization-server/numbers.ts'

/** All chance of a world. The same seed throws the same. */
export interface Dice {
  /** Whether something happens that does so in this part of all cases. */
  chance(part: number): boolean
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number
  /** The same, small ones as often as large ones: of 1 to 1,000 half are below 32. */
  spread(least: number, most: number): number
  among<T>(choices: readonly T[]): T
  /** One of those that stand behind their weight. */
  weighed<T>(choices: readonly (readonly [weight: number, choice: T])[]): T
  /** 32 bits. */
  bits(): number
}

export function diceFrom(seed: number): Dice {
  const bits = numbersFrom(seed)
  const fraction = (): number => bits() / 2 ** 32
  const between = (least: number, most: number): number =>
    least + Math.floor(fraction() * (most - least + 1))
  return {
    bits,
    chance: (part) => fraction() < part,
    between,
    spread: (least, most) => Math.round(least * (most / least) ** fraction()),
    among: (choices) => choices[between(0, choices.length - 1)]!,
    weighed(choices) {
      let left = fraction() * choices.reduce((sum, [weight]) => sum + weight, 0)
      return (choices.find(([weight]) => (left -= weight) < 0) ?? choices.at(-1)!)[1]
    },
  }
}
