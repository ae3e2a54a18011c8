/** Takes a line for the server's log, and what was thrown, if anything was. */
export type Log = (line: string, cause?: unknown) => void

/** Tells the developer what is worth knowing, and never the user. */
export interface Notices {
  /** A line, once for each log. */
  once(line: string): void
  /** Something of the application's own threw. */
  failed(what: string, cause: unknown): void
}

const serverLog: Log = (line, cause) => {
  if (cause === undefined) console.warn(line)
  else console.warn(line, cause)
}

const said = new WeakMap<Log, Set<string>>()

export function noticesFor(log: Log = serverLog): Notices {
  const lines = said.get(log) ?? new Set<string>()
  said.set(log, lines)
  const tell = (line: string, cause?: unknown): void => {
    try {
      log(`refresh-once: ${line}`, cause)
    } catch {
      // An observer's failure is the observer's.
    }
  }
  return {
    once(line) {
      if (lines.has(line)) return
      lines.add(line)
      tell(line)
    },
    failed: (what, cause) => tell(`${what} failed`, cause),
  }
}
