import { quoted } from '../../testing/fuzz/report.ts'
import { tryProvider } from '../../testing/fuzz-provider.ts'
import type { FuzzOptions } from '../../testing/fuzz-provider.ts'
import type { Terminal } from '../command.ts'
import { loadDescription } from './load-description.ts'
import { loadProvider } from './load-provider.ts'
import type { Loaded } from './load-provider.ts'
import { Misused } from '../misused.ts'
import { optionsOf } from './options.ts'
import type { FuzzCommand } from './options.ts'
import { REPORTERS } from './reporters.ts'

/** How often progress is told, milliseconds. */
const PROGRESS_MS = 2_000

/**
 * Tries the provider of a file.
 *
 * @returns 0 if nothing was found, 1 if something does not hold, 2 if it cannot be tried.
 */
export async function fuzz(arguments_: readonly string[], terminal: Terminal): Promise<number> {
  try {
    const asked = optionsOf(arguments_)
    return await tried(asked, await loadProvider(asked.file, process.cwd()), terminal)
  } catch (error) {
    // A `TypeError` says what is wrong with the options: a preset, a client, a missing peer.
    if (!(error instanceof Misused) && !(error instanceof TypeError)) throw error
    terminal.error(`refresh-once fuzz: ${error.message}\n`)
    return 2
  }
}

async function tried(asked: FuzzCommand, loaded: Loaded, terminal: Terminal): Promise<number> {
  const { provider, ...beside } = loaded
  const { file, reporter, runs, timeMs, seed, replay } = asked
  const server = await serverOf(asked, loaded)
  const result = await tryProvider(provider, {
    ...beside,
    server,
    runs,
    ...(timeMs !== undefined && { timeMs }),
    ...(seed !== undefined && { seed }),
    ...(replay !== undefined && { replay }),
    onRun: progress(terminal, runs),
    command: (found) =>
      `npx refresh-once fuzz ${quoted(file)}` +
      `${asked.server === undefined ? '' : ` --server ${quoted(asked.server)}`} --replay ${found}`,
  })
  const name = typeof server === 'string' ? server : server.name
  const isCut = result.runs < runs && result.durationMs >= (timeMs ?? Infinity)
  terminal.out(REPORTERS[reporter]({ provider: provider.id, server: name, file, isCut, result }))
  return result.counterexample === undefined ? 0 : 1
}

async function serverOf({ server }: FuzzCommand, loaded: Loaded): Promise<FuzzOptions['server']> {
  if (server?.endsWith('.json')) return loadDescription(server)
  if (server !== undefined) return server as FuzzOptions['server']
  if (loaded.server !== undefined) return loaded.server
  throw new Misused('which server? --server logto, or export const server = { … } in the file')
}

/** Goes to the error output: the other is for reports. */
function progress({ clock, error }: Terminal, wanted: number): (runs: number) => void {
  const startedAt = clock.monotonic()
  let toldAt = startedAt
  return (runs) => {
    const now = clock.monotonic()
    if (now - toldAt < PROGRESS_MS) return
    toldAt = now
    const perSecond = Math.round(runs / ((now - startedAt) / 1_000))
    error(`${runs} of ${wanted} runs, ${perSecond} runs/s\n`)
  }
}
