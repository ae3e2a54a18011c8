import { describe, expect, it } from 'vitest'
import { spotify } from '../../providers/spotify.ts'

describe('spotify', () => {
  it('has six months that no half-year is shorter than', () => {
    const { refreshLifetimeMs = 0 } = spotify().response
    const starts = Array.from({ length: 1461 }, (_, day) => new Date(Date.UTC(2027, 0, 1 + day)))

    const lengths = starts.map((start) => {
      const lastOfMonth = new Date(Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 7, 0))
      const day = Math.min(start.getUTCDate(), lastOfMonth.getUTCDate())
      return Date.UTC(start.getUTCFullYear(), start.getUTCMonth() + 6, day) - start.getTime()
    })

    expect(Math.min(...lengths)).toBe(refreshLifetimeMs)
  })
})
