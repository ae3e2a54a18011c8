import { describe, it } from 'vitest'
import { holds } from './holds.ts'
import { shipped } from './subject.ts'
import { WEATHERS } from './weathers.ts'

describe('createRefresher', () => {
  it.each(Object.entries(WEATHERS))('keeps its promise, %s', async (name, weather) => {
    await holds(shipped, name, weather, 100)
  })
})
