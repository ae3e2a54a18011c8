/** The files of the repository, as far as a rule about one of them must know the others. */
export interface Project {
  /** Paths from the root, `/` between folders. */
  readonly paths: ReadonlySet<string>
  read(path: string): string
}

/** One rule of the house style. */
export interface Rule {
  /** A sentence that is true of a tidy repository. */
  readonly name: string
  appliesTo(path: string): boolean
  /** Says what is wrong, once for each place; nothing when all is well. */
  check(path: string, text: string, project: Project): readonly string[]
}

/** Whether the file is part of the package. */
export function isShipped(path: string): boolean {
  return /^(src|machines|providers)\//.test(path) && isCode(path)
}

export function isCode(path: string): boolean {
  return /\.[cm]?[jt]sx?$/.test(path)
}

export function isText(path: string): boolean {
  return !/\.(png|jpe?g|gif|ico|woff2?|gz|wasm)$/.test(path)
}

/** The line on which an offset lies, counted from 1. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length
}

/** Complains of every match of a pattern. The pattern must be global. */
export function complainOf(text: string, pattern: RegExp, why: string): string[] {
  return Array.from(text.matchAll(pattern), ({ index, 0: found }) => {
    return `line ${lineAt(text, index)}: ${found.trim()}: ${why}`
  })
}
