/** A text of the shipped source, and what stands there instead. */
export interface Change {
  readonly file: string
  readonly text: string
  readonly replacement: string
}

/** What must notice it. */
export type Catcher =
  /** A world of test/explore/worlds.ts. */
  | { readonly world: string }
  /** A test, by its file and (part of) its full name. */
  | { readonly test: string; readonly named: string }

/** The shipped source with one thing wrong in it. */
export interface Mutant extends Change {
  readonly name: string
  /** Where one change cannot make the mistake. */
  readonly also?: readonly Change[]
  readonly killedBy: Catcher
  /** What the catcher must say: another failure would be for the wrong reason. */
  readonly because: string
}
