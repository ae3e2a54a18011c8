import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Provider } from '../../core/provider.ts'
import { isRecord } from '../../core/text.ts'
import { checkFacts, defineProviderFromFacts } from '../../facts/check-facts.ts'
import type { ShippedProvider } from '../../testing/presets.ts'
import { checkDescription } from '../../testing/authorization-server/description.ts'
import { serverOf } from '../../testing/authorization-server/provider-server.ts'
import type { ServerDescription } from '../../testing/authorization-server/description.ts'
import type { FuzzOptions } from '../../testing/fuzz-provider.ts'
import { UsageError } from '../args.ts'
import { readFile } from 'node:fs/promises'

/** What a file exports. */
export interface Loaded extends Pick<FuzzOptions, 'client' | 'fetch'> {
  readonly provider: Provider
  readonly server?: ServerDescription
}

type Module = Readonly<Record<string, unknown>>

/**
 * Loads a provider from a file: JavaScript, or TypeScript as it is.
 *
 * @param folder The file's name counts from here.
 * @throws {UsageError}
 * @throws {TypeError} For a server that is described wrongly.
 */
export async function loadProvider(file: string, folder: string): Promise<Loaded> {
  const path = resolve(folder, file)
  if (!existsSync(path)) throw new UsageError(`there is no file ${file}`)
  if (file.endsWith('.json')) {
    const { facts, make } = await loadFacts(path, file)
    const examples = Object.entries(facts.parameters ?? {}).map(([name, { example }]) => [
      name,
      example,
    ])
    return { provider: make(Object.fromEntries(examples)), server: serverOf(facts) }
  }
  const module = await importFile(path, file)
  const { provider } = module
  if (!isProvider(provider)) {
    throw new UsageError(
      `${file} exports no provider: export const provider = defineProvider({ … })`,
    )
  }
  const { server, client, fetch } = module as Partial<Loaded>
  return {
    provider,
    ...(server !== undefined && { server: checkDescription(server) }),
    ...(client !== undefined && { client }),
    ...(fetch !== undefined && { fetch }),
  }
}

/** A provider of the facts in a JSON file. @throws {UsageError | TypeError} */
export async function loadFacts(path: string, file = path): Promise<ShippedProvider> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw new UsageError(`there is no file ${file}`)
  })
  const facts = checkFacts(parsed(text), file)
  return {
    facts,
    make: (values, overrides) =>
      defineProviderFromFacts(facts, values as Readonly<Record<string, string>>, overrides),
  }
}

function isProvider(value: unknown): value is Provider {
  return (
    typeof value === 'object' &&
    value !== null &&
    'failures' in value &&
    'request' in value &&
    'rotation' in value
  )
}

/**
 * By tsx where it is installed: it reads what Node does not, such as `import` in a `.ts` of a
 * `"type": "commonjs"`. Else by Node itself.
 */
async function importFile(path: string, file: string): Promise<Module> {
  const url = pathToFileURL(path).href
  const tsx = await installedTsx()
  try {
    return (await (tsx?.tsImport(url, import.meta.url) ?? import(url))) as Module
  } catch (error) {
    throw tsx === undefined && isUnreadable(file, error)
      ? unreadable(file, error)
      : failed(file, error)
  }
}

type Tsx = typeof import('tsx/esm/api')

async function installedTsx(): Promise<Tsx | undefined> {
  try {
    return await import('tsx/esm/api')
  } catch {
    return undefined
  }
}

const UNREADABLE: readonly unknown[] = [
  'ERR_UNKNOWN_FILE_EXTENSION',
  'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX',
  // An import without extension, or by a path of tsconfig.json.
  'ERR_MODULE_NOT_FOUND',
]

/** Whether it is TypeScript that Node does not read, and tsx may. */
function isUnreadable(file: string, error: unknown): error is Error {
  if (!(error instanceof Error) || !/\.[cm]?tsx?$/.test(file)) return false
  return error.name === 'SyntaxError' || ('code' in error && UNREADABLE.includes(error.code))
}

function unreadable(file: string, error: Error): UsageError {
  const what = `Node ${process.versions.node} does not read ${file} as it is`
  const instead = 'npm i -D tsx, or write JavaScript'
  return new UsageError(`${what}: ${instead} (${error.message})`, { cause: error })
}

function failed(file: string, error: unknown): UsageError {
  const what = error instanceof Error ? error.message : String(error)
  return new UsageError(`${file} cannot be loaded: ${what}`, { cause: error })
}

/** A server from a JSON file: a description, as `probe --write` makes it, or a provider's facts. */
export async function loadDescription(file: string): Promise<ServerDescription> {
  const text = await readFile(file, 'utf8').catch(() => {
    throw new UsageError(`there is no file ${file}`)
  })
  const value = parsed(text)
  const isFacts = isRecord(value) && 'answers' in value
  return isFacts ? serverOf(checkFacts(value, file)) : checkDescription(value, file)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
