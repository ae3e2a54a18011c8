import { fstatSync, createReadStream, openSync } from 'node:fs'
import { UsageError } from '../args.ts'

/** Longer lines are no events. */
const LINE_MAX = 64 * 1024

/** A journal that can be read several times, also if it comes out of a pipe. */
export interface JournalFile {
  readonly name: string
  /**
   * Hands over the lines one after the other: only a part of a file is in memory at a time.
   *
   * @throws {UsageError} For a file that cannot be read.
   */
  read(see: (line: string) => void): Promise<void>
}

/** A socket, as which some shells give standard input, cannot be opened by its path. */
const STDIN = ['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0']

/** @param name A path; `-` for standard input. */
export function journalFile(name: string): JournalFile {
  /** What came out of a pipe, which cannot be read twice. */
  let kept: readonly Buffer[] | undefined
  async function* chunks(): AsyncGenerator<Buffer> {
    if (kept !== undefined) return yield* kept
    const fd = STDIN.includes(name) ? 0 : openSync(name, 'r')
    const seen: Buffer[] = []
    const isPipe = !fstatSync(fd).isFile()
    for await (const chunk of createReadStream('', { fd, autoClose: fd !== 0 })) {
      if (isPipe) seen.push(chunk as Buffer)
      yield chunk as Buffer
    }
    if (isPipe) kept = seen
  }
  return {
    name,
    async read(see) {
      try {
        await readLines(name, chunks(), see)
      } catch (error) {
        const { code } = error as { code?: string }
        if (code === undefined) throw error
        throw new UsageError(`${name} cannot be read (${code})`, { cause: error })
      }
    },
  }
}

async function readLines(
  name: string,
  chunks: AsyncIterable<Buffer>,
  see: (line: string) => void,
): Promise<void> {
  let decoder: TextDecoder | undefined
  let rest = ''
  const decode = (bytes: Buffer): void => {
    decoder ??= new TextDecoder(encodingOf(bytes, name))
    const lines = (rest + decoder.decode(bytes, { stream: true })).split(/[\n\r]/)
    rest = lines.pop()!
    for (const line of lines) see(line)
    // A line that is too long is counted, and not read.
    if (rest.length > LINE_MAX) rest = rest.slice(0, LINE_MAX + 1)
  }
  for await (const bytes of chunks) decode(bytes)
  see(rest + (decoder?.decode() ?? ''))
}

/** UTF-16 is what `>` of Windows PowerShell writes. */
function encodingOf([one, two]: Buffer, name: string): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (one === 0x1f && two === 0x8b) {
    throw new UsageError(
      `${name} is compressed: unpack it first, gunzip -c ${name} > journal.jsonl`,
    )
  }
  if ((one === 0xff && two === 0xfe) || (two === 0 && one !== 0)) return 'utf-16le'
  return (one === 0xfe && two === 0xff) || (one === 0 && two !== 0 && two !== undefined)
    ? 'utf-16be'
    : 'utf-8'
}

/**
 * The reasons for which a line is no event. `printed`: an object as `console.log` prints it.
 * `spread`: a part of an event that was written over several lines.
 */
export type NoEvent = 'foreign' | 'broken' | 'printed' | 'spread' | 'long'

/** Says why nothing was found in a line. @param values The JSON that the line holds. */
export function whyNone(line: string, values: readonly unknown[]): NoEvent {
  if (line.length > LINE_MAX) return 'long'
  if (/\batMs: \d/.test(line)) return 'printed'
  if (values.length > 0) return 'foreign'
  if (/^\s*"atMs"\s*:/.test(line)) return 'spread'
  return /\{\s*"/.test(line) ? 'broken' : 'foreign'
}

/** Colours and titles, as programs write them for a terminal (ECMA-48 §5.4, §8.3.89). */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const SEQUENCES = /\u001B(?:\[[ -?]*[@-~]|\][^\u0007\u001B]*(?:\u0007|\u001B\\))/g

/** A line without colours and white space around it. */
export function bare(line: string): string {
  return (line.includes('\u001B') ? line.replaceAll(SEQUENCES, '') : line).trim()
}

/**
 * So many braces of a line may begin no JSON: labels such as `{app="web"}` may come before the
 * JSON.
 */
const TRIES_MAX = 16

/**
 * The JSON objects in a line, wherever they are: a collector writes a name, a time or labels before
 * them, and quotes them where they are a value of its own.
 */
export function objectsIn(line: string): readonly unknown[] {
  if (line.length > LINE_MAX) return []
  const whole = line.startsWith('{') ? parsed(line) : undefined
  if (whole !== undefined) return [whole]
  const found = scanned(line)
  if (found.length > 0) return found
  // As a table of comma-separated values has it (RFC 4180 §2, 7).
  if (line.includes('{""')) return scanned(line.replaceAll('""', '"'))
  return line.includes('{\\"')
    ? scanned(line.replaceAll('\\"', '"').replaceAll('\\\\', '\\'))
    : found
}

function scanned(line: string): readonly unknown[] {
  const found: unknown[] = []
  let at = line.indexOf('{')
  for (let failures = 0; at !== -1 && failures < TRIES_MAX;) {
    const end = endOf(line, at)
    const value = end === undefined ? undefined : parsed(line.slice(at, end))
    if (value === undefined) failures += 1
    else found.push(value)
    at = line.indexOf('{', value === undefined ? at + 1 : end)
  }
  return found
}

/** Where the object ends that begins here; strings may hold braces, too. */
function endOf(text: string, begin: number): number | undefined {
  let depth = 0
  let isInString = false
  for (let at = begin; at < text.length; at += 1) {
    const character = text[at]
    if (isInString && character === '\\') at += 1
    else if (character === '"') isInString = !isInString
    else if (!isInString && character === '{') depth += 1
    else if (!isInString && character === '}' && --depth === 0) return at + 1
  }
  return undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** The process that docker compose, or `kubectl logs --prefix`, names before a line. */
export function namedBefore(line: string): string | undefined {
  const [, service, pod] =
    /^(?:([\w.-]{1,64}) *\| |\[pod\/([\w.-]{1,64}\/[\w.-]{1,64})\] )/.exec(line) ?? []
  return service ?? pod
}
