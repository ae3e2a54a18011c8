import { randomUUID } from 'node:crypto'
import { relative, resolve, sep } from 'node:path'
import { plain } from '../../testing/fuzz/story.ts'
import { INVARIANTS } from '../../testing/fuzz-provider.ts'
import type { FuzzResult } from '../../testing/fuzz-provider.ts'

type ReporterName = 'text' | 'json' | 'junit' | 'github'

/** What was tested, and the result. */
export interface FuzzReport {
  readonly provider: string
  readonly server: string
  /** The file of the provider, as the user wrote it. */
  readonly file: string
  /** Whether the time was over before all runs were made. */
  readonly isCut: boolean
  readonly result: FuzzResult
}

/** Write a report, with a new line at its end. */
export const REPORTERS: Readonly<Record<ReporterName, (report: FuzzReport) => string>> = {
  text: asText,
  json: ({ result, ...about }) => `${JSON.stringify({ ...about, ...result }, undefined, 2)}\n`,
  junit: asJunit,
  github: (report) => `${annotation(report)}${withoutCommands(asText(report))}`,
}

function asText({ provider, server, isCut, result }: FuzzReport): string {
  const { runs, seed, runsPerSecond, counterexample } = result
  const many = `${runs} runs, ${runsPerSecond} runs/s, seed ${seed}`
  if (counterexample !== undefined) return `${counterexample.text}\n\n${many}\n`
  const cut = isCut ? 'The time was over before all runs were made.\n' : ''
  return `${plain(provider)} against ${plain(server)}: nothing was found in ${many}\n${cut}`
}

/** @see https://github.com/testmoapp/junitxml */
function asJunit({ provider, server, file, result }: FuzzReport): string {
  const { counterexample, durationMs } = result
  const name = `${provider} against ${server}`
  const seconds = (durationMs / 1_000).toFixed(3)
  const failure =
    counterexample === undefined
      ? ''
      : `<failure type="${counterexample.invariant}" message="${xml(counterexample.what)}">` +
        `${xml(counterexample.text)}</failure>`
  const failures = counterexample === undefined ? 0 : 1
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n` +
    `<testsuite name="refresh-once fuzz" tests="1" failures="${failures}" time="${seconds}">` +
    `<testcase name="${xml(name)}" classname="${xml(file)}" time="${seconds}">${failure}` +
    `</testcase></testsuite>\n`
  )
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
}

/** XML 1.0 §2.2: most control characters cannot be written at all. */
function xml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character]!)
}

/** @see https://docs.github.com/actions/reference/workflow-commands-for-github-actions */
function annotation({ file, result: { counterexample } }: FuzzReport): string {
  if (counterexample === undefined) return ''
  const { invariant, what, command } = counterexample
  const title = property(`${invariant}: ${INVARIANTS[invariant]}`)
  const path = property(inWorkspace(file))
  return `::error file=${path},title=${title}::${data(`${what}\n${command}`)}\n`
}

/** GitHub knows a file by its path from the root of the checkout. */
function inWorkspace(file: string): string {
  const root = process.env['GITHUB_WORKSPACE'] ?? process.cwd()
  return relative(root, resolve(file)).replaceAll(sep, '/')
}

/** Keeps GitHub from reading a command in a text of a provider or a server. */
function withoutCommands(text: string): string {
  const token = randomUUID()
  return `::stop-commands::${token}\n${text}::${token}::\n`
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}
