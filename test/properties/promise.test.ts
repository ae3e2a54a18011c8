import { describe, expect, it } from 'vitest'
import { runs } from '../runs.ts'
import { holds } from './holds.ts'
import { shipped } from './subject.ts'
import { WEATHERS } from './weathers.ts'

/** Alone on a core it takes a tenth of this. */
const TIMEOUT_MS = runs(60_000)

describe('createRefresher', () => {
  it.each(Object.entries(WEATHERS))(
    'keeps its promise, %s',
    async (name, weather) => {
      const broken = await holds(shipped, name, weather, 60)

      expect(broken).toBeUndefined()
    },
    TIMEOUT_MS,
  )
})
