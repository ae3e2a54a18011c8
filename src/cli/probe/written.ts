import type { ServerDescription } from '../../testing/authorization-server.ts'
import type { Terminal } from '../command.ts'
import type { Measured } from './measure.ts'
import { basename, dirname, join, relative, resolve } from 'node:path'
import type { Target } from './target.ts'
import { mkdir, stat, writeFile } from 'node:fs/promises'
import { Misused } from '../command.ts'
import type { Fixture } from './described.ts'

/** What the command ends with. */
export const EXIT = {
  /** Measured, as far as the grants went. */
  measured: 0,
  /** The server could not be measured, or not to the end. */
  halted: 1,
  /** The command line cannot be carried out; no token of the caller's was sent. */
  misused: 2,
  /** `--save` or `--write` went wrong when all was over. */
  unwritten: 3,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

export interface Report {
  readonly found: readonly Measured[]
  readonly server: ServerDescription
  readonly halted: string | undefined
  readonly presentations: number
  /** Grants that were begun, and those of them that are dead now. */
  readonly grants: number
  readonly dead: number
  readonly fixtures: number
  /** The files that were to be written, and whether they were. */
  readonly saved: Written | undefined
  readonly written: Written | undefined
}

export interface Written {
  readonly path: string
  readonly isWritten: boolean
}

export function exitCodeOf({ halted, saved, written }: Report): ExitCode {
  if ([saved, written].some((each) => each?.isWritten === false)) return EXIT.unwritten
  return halted === undefined ? EXIT.measured : EXIT.halted
}

/** Prints what was measured, for people or for programs. Nothing in it is a token. */
export function print(report: Report, isJson: boolean, { out }: Terminal): void {
  const exitCode = exitCodeOf(report)
  if (isJson) return out(`${JSON.stringify({ exitCode, ...report }, undefined, 2)}\n`)
  out(`${lines(report).join('\n')}\n`)
}

function lines(report: Report): readonly string[] {
  const { found, server, halted, presentations, grants, dead, saved, written } = report
  const rows = found.map(({ axis, value, says }) => [axis, shown(value), says] as const)
  const width = Math.max(0, ...rows.map(([, value]) => value.length))
  const { dead: error, client, target, ...wire } = server.wire ?? {}
  const errors = Object.entries({ dead: error, client, target }).filter(([, each]) => each)
  return [
    ...(halted === undefined ? [] : [`stopped: ${halted}`, '']),
    ...rows.map(([axis, value, says]) => `${axis.padEnd(15)} ${value.padEnd(width)}  ${says}`),
    '',
    `writes          ${shown(wire)}`,
    ...errors.map(([name, answer]) => `error ${name.padEnd(9)} ${shown(answer)}`),
    '',
    `presentations: ${presentations}; grants: ${grants}, of which dead now: ${dead}`,
    ...[saved, written].flatMap((each) => (each === undefined ? [] : [fileLine(each)])),
    ...(written?.isWritten && written.path.endsWith('.ts')
      ? [`try it: npx refresh-once fuzz ${written.path}`]
      : []),
  ]
}

function fileLine({ path, isWritten }: Written): string {
  return isWritten ? `written: ${path}` : `could not be written: ${path}`
}

function shown(value: unknown): string {
  if (value === undefined) return '?'
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export interface ProviderFile {
  /** Where it will stand. */
  readonly path: string
  readonly origin: Target['origin']
  readonly provider: object
  readonly server: ServerDescription
  readonly found: readonly Measured[]
  readonly grants: number
  readonly presentations: number
  readonly today: string
}

/** A file for `refresh-once fuzz`: the provider, and the server as it was measured. */
export function providerFile(file: ProviderFile): string {
  const { server, found, today, grants, presentations } = file
  const open = found.filter(({ value }) => value === undefined).map(({ axis }) => axis)
  const missing = open.length === 0 ? '' : ` Open, and drawn: ${open.join(', ')}.`
  const comments = new Map<string, string>(found.map(({ axis, says }) => [axis, says]))
  return [
    ...providerLines(file),
    '',
    '/**',
    ` * As \`refresh-once probe\` measured it on ${today}. Grants: ${grants}, presentations:`,
    ` * ${presentations}.${missing}`,
    ' */',
    `export const server: ServerDescription = ${literal(server, comments)}`,
    '',
  ].join('\n')
}

function providerLines({ origin, provider, path, today }: ProviderFile): readonly string[] {
  const type = "import type { ServerDescription } from 'refresh-once/testing'"
  if ('path' in origin) {
    const folder = relative(dirname(path), dirname(origin.path)) || '.'
    const from = `${folder.startsWith('.') ? folder : `./${folder}`}/${basename(origin.path)}`
    return [type, '', `export { provider } from ${quoted(from)}`]
  }
  return [
    "import { defineProvider } from 'refresh-once'",
    type,
    '',
    '/**',
    ` * What was measured on ${today}; of the rest it says nothing. The manual may know more:`,
    ' * lifetimes, the revocation endpoint, which errors come before the token is looked at.',
    ' */',
    `export const provider = defineProvider(${literal(provider)})`,
  ]
}

/** A value as TypeScript writes it; `comments` stand above the members of its first level. */
function literal(value: unknown, comments?: ReadonlyMap<string, string>, depth = 0): string {
  if (typeof value === 'string') return quoted(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const entries = Object.entries(value)
  const [open, close] = Array.isArray(value) ? '[]' : '{}'
  if (entries.length === 0) return `${open}${close}`
  const indent = '  '.repeat(depth + 1)
  const lines = entries.map(([name, member]) => {
    const comment = comments?.get(name)
    const above = comment === undefined ? '' : `${indent}// ${comment}\n`
    const key = Array.isArray(value)
      ? ''
      : `${/^[a-z_$][\w$]*$/i.test(name) ? name : quoted(name)}: `
    return `${above}${indent}${key}${literal(member, undefined, depth + 1)},`
  })
  return `${open}\n${lines.join('\n')}\n${'  '.repeat(depth)}${close}`
}

/** Server's text may stand in it: what JSON escapes stays escaped. */
function quoted(text: string): string {
  const inner = JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")
  return `'${inner}'`
}

/** The folder of the recorded answers that belong to a provider's file. */
function fixturesFolder(path: string): string {
  return path.replace(/\.ts$/, '.fixtures')
}

/** @throws {Misused} When something is there already: nothing is overwritten. */
export async function checkFree(path: string): Promise<void> {
  for (const each of new Set([path, fixturesFolder(path)])) {
    const found = await stat(resolve(each)).catch(() => undefined)
    if (found !== undefined) throw new Misused(`${each} is there already`)
  }
}

/** Writes a text, and the recorded answers beside it. Says whether that went well. */
export async function writeAll(
  path: string,
  text: string,
  fixtures: ReadonlyMap<string, Fixture>,
): Promise<boolean> {
  try {
    await writeFile(path, text, { flag: 'wx' })
    if (fixtures.size === 0) return true
    await mkdir(fixturesFolder(path))
    for (const [name, fixture] of fixtures) {
      const json = `${JSON.stringify(fixture, undefined, 2)}\n`
      await writeFile(join(fixturesFolder(path), name), json, { flag: 'wx' })
    }
    return true
  } catch {
    return false
  }
}
