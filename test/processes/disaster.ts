import { expect } from 'vitest'
import { isLong } from '../runs.ts'
import type { Backend } from './backends.ts'
import { chainsOf, reaches, type Verdicts } from './chains.ts'
import { PATIENT, scene } from './scene.ts'

/** What happens to a database, and who is served afterwards. */
export interface Disaster {
  readonly what: string
  start(): Promise<
    Backend & {
      /** The last moment of which the database keeps all that it acknowledged. */
      mark(): Promise<void>
      strike(): Promise<void>
    }
  >
  readonly leaves: Verdicts
}

/** Grows chains, marks, grows them on, lets it happen, and sees who is served. */
export async function suffer({ start, leaves }: Disaster): Promise<void> {
  await using database = await start()
  await using stage = await scene(database, PATIENT, { isMeasured: true })
  const before = await stage.member()
  const after = isLong ? await stage.member() : before
  const chains = await chainsOf(stage, before, after)

  await database.mark()
  await chains.growOn()
  await database.strike()
  await reaches(after, stage.signIn)

  expect(await chains.verdicts()).toEqual(leaves)
}
