import { createInterface } from 'node:readline/promises'
import { text } from 'node:stream/consumers'

/** Where a command runs. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  /** All of standard input. */
  input(): Promise<string>
  /** What somebody types; `undefined` where nobody sits. */
  ask(question: string): Promise<string | undefined>
}

/** Those of this process. */
export function surroundings(): Surroundings {
  return {
    env: process.env,
    input: () => text(process.stdin),
    async ask(question) {
      if (!process.stdin.isTTY) return undefined
      const lines = createInterface({ input: process.stdin, output: process.stderr })
      try {
        return await lines.question(question)
      } finally {
        lines.close()
      }
    },
  }
}
