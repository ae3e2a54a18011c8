import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Catcher, Mutant } from './mutant.ts'
import { plant } from './plant.ts'

export interface Attempt {
  /** `survived`: its catcher passed. `mistaken`: it failed for another reason than named. */
  readonly end: 'killed' | 'survived' | 'mistaken'
  readonly output: string
  readonly ms: number
}

/** How long one catcher may take: a mutant that hangs is none that was killed. */
const TIMEOUT_MS = 300_000

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const bin = (name: string): string => `${ROOT}node_modules/.bin/${name}`

/** Plants a mutant and lets its catcher loose on it. */
async function kill(mutant: Mutant): Promise<Attempt> {
  const copy = plant(mutant)
  try {
    const startedAt = performance.now()
    const { code, output } = await run(copy, mutant.killedBy)
    const ms = performance.now() - startedAt
    const isRight = code === 1 && output.includes(mutant.because)
    return { end: code === 0 ? 'survived' : isRight ? 'killed' : 'mistaken', output, ms }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

/** Runs a catcher on a copy of the project. */
function run(copy: string, catcher: Catcher): Promise<{ code: unknown; output: string }> {
  const [command, args] =
    'world' in catcher
      ? [bin('tsx'), [`${ROOT}test/mutants/walk.ts`, copy, catcher.world]]
      : [
          bin('vitest'),
          [
            'run',
            catcher.test,
            '-t',
            catcher.named,
            '--root',
            copy,
            '--reporter=tap',
            '--testTimeout=4000',
          ],
        ]
  return new Promise((resolve) => {
    const options = { cwd: copy, timeout: TIMEOUT_MS, env: { ...process.env, NO_COLOR: '1' } }
    execFile(command, args, options, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : error.code, output: `${stdout}${stderr}` })
    })
  })
}

/** How many mutants are hunted at a time. */
const LANES = 2

/** Hunts all of them, a few at a time; each has an answer of its own. */
export function killAll(mutants: readonly Mutant[]): ReadonlyMap<Mutant, Promise<Attempt>> {
  const lanes = Array.from({ length: LANES }, () => Promise.resolve<unknown>(undefined))
  return new Map(
    mutants.map((mutant, index) => {
      const attempt = lanes[index % LANES]!.then(() => kill(mutant))
      lanes[index % LANES] = attempt.catch(() => {})
      return [mutant, attempt]
    }),
  )
}
