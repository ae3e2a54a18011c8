import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Hunt, Killer } from './mutant.ts'
import { plant } from './plant.ts'

export interface Attempt {
  /** `survived`: its killer passed. `mistaken`: the killer failed for another reason than named. */
  readonly end: 'killed' | 'survived' | 'mistaken'
  readonly output: string
}

/** A killer that is a process of its own. */
type Command = Extract<Killer, { readonly by: 'explorer' | 'unit' }>

/** How long one killer may take, milliseconds: a mutant that hangs has not been killed. */
const TIMEOUT_MS = 300_000

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const bin = (name: string): string => `${ROOT}node_modules/.bin/${name}`

/** Plants a mutant and runs its killer on it. */
async function kill({ mutant, killer }: Hunt<Command>): Promise<Attempt> {
  const copy = plant(mutant)
  try {
    const { code, output } = await run(copy, killer)
    const isRight = code === 1 && output.includes(killer.because)
    return { end: code === 0 ? 'survived' : isRight ? 'killed' : 'mistaken', output }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

function run(copy: string, killer: Command): Promise<{ code: unknown; output: string }> {
  const [command, args] = commandOf(copy, killer)
  return new Promise((resolve) => {
    const options = { cwd: copy, timeout: TIMEOUT_MS, env: { ...process.env, NO_COLOR: '1' } }
    execFile(command, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, output: `${stdout}${stderr}` })
    })
  })
}

function commandOf(copy: string, killer: Command): [command: string, args: string[]] {
  switch (killer.by) {
    case 'explorer':
      return [bin('tsx'), [`${ROOT}test/mutants/walk.ts`, copy, killer.world]]
    case 'unit': {
      const filter = [killer.test, '-t', killer.named, '--root', copy]
      return [bin('vitest'), ['run', ...filter, '--reporter=tap', '--testTimeout=4000']]
    }
  }
}

/** How many mutants are hunted at a time. */
const LANES = 2

/** Hunts all of them, a few at a time; each has an answer of its own. */
export function killAll(
  hunts: readonly Hunt<Command>[],
): ReadonlyMap<Hunt<Command>, Promise<Attempt>> {
  const lanes = Array.from({ length: LANES }, () => Promise.resolve<unknown>(undefined))
  return new Map(
    hunts.map((hunt, index) => {
      const attempt = lanes[index % LANES]!.then(() => kill(hunt))
      lanes[index % LANES] = attempt.catch(() => {})
      return [hunt, attempt]
    }),
  )
}
