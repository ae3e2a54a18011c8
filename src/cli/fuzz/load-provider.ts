import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Provider } from '../../core/provider.ts'
import type { FuzzOptions } from '../../testing/fuzz-provider.ts'
import { Misused } from '../misused.ts'

/** What a file exports. */
export interface Loaded extends Pick<FuzzOptions, 'client' | 'fetch'> {
  readonly provider: Provider
  readonly server?: Exclude<FuzzOptions['server'], string>
}

type Module = Readonly<Record<string, unknown>>

/**
 * Loads a provider from a file: JavaScript, or TypeScript as it is.
 *
 * @param folder The file's name counts from here.
 * @throws {Misused}
 */
export async function loadProvider(file: string, folder: string): Promise<Loaded> {
  const path = resolve(folder, file)
  if (!existsSync(path)) throw new Misused(`there is no file ${file}`)
  const module = await importFile(path, file)
  const { provider } = module
  if (!isProvider(provider)) {
    throw new Misused(`${file} exports no provider: export const provider = defineProvider({ … })`)
  }
  const { server, client, fetch } = module as Partial<Loaded>
  return {
    provider,
    ...(server !== undefined && { server }),
    ...(client !== undefined && { client }),
    ...(fetch !== undefined && { fetch }),
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

/** By Node itself (22.18 and later read TypeScript), else by tsx. */
async function importFile(path: string, file: string): Promise<Module> {
  const url = pathToFileURL(path).href
  try {
    return (await import(url)) as Module
  } catch (error) {
    if (!isUnreadable(error)) throw failed(file, error)
  }
  const tsx = await importTsx(file)
  try {
    return (await tsx.tsImport(url, import.meta.url)) as Module
  } catch (error) {
    throw failed(file, error)
  }
}

function isUnreadable(error: unknown): boolean {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : ''
  return code === 'ERR_UNKNOWN_FILE_EXTENSION' || code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX'
}

type Tsx = typeof import('tsx/esm/api')

async function importTsx(file: string): Promise<Tsx> {
  try {
    return await import('tsx/esm/api')
  } catch (error) {
    const message = `Node ${process.versions.node} does not read ${file} as it is: npm i -D tsx, `
    throw new Misused(`${message}or take Node 22.18 or later, or JavaScript`, { cause: error })
  }
}

function failed(file: string, error: unknown): Misused {
  const what = error instanceof Error ? error.message : String(error)
  return new Misused(`${file} cannot be loaded: ${what}`, { cause: error })
}
