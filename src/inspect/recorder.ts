import type { LineInspector } from '../runtime/inspection/inspector.ts'
import { stamping } from './stamp.ts'

export interface RecorderOptions {
  /** A short name that tells this process from others. Default: its process id. */
  readonly process?: string | undefined
  /** Whether it may record where `NODE_ENV` is `production`. Default `false`. */
  readonly allowInProduction?: boolean | undefined
}

/**
 * An inspector that writes a recording: lines of JSON, for a file that `refresh-once inspect
 * --open` shows.
 *
 * @param write Takes one line at a time, its end included. It may throw: the line is lost then.
 * @throws {TypeError} For a name of the process that is none.
 */
export function recorder(
  write: (line: string) => unknown,
  { process, allowInProduction }: RecorderOptions = {},
): LineInspector {
  const stamped = stamping(process)
  return {
    allowInProduction,
    lines(batch) {
      for (const line of batch) write(`${JSON.stringify(stamped(line))}\n`)
    },
  }
}
