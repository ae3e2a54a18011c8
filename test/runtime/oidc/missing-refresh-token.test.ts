import { expect, it } from 'vitest'
import { world } from '../world.ts'

const axes = { missingRefreshToken: 'Ask for offline_access.' }

it('says what to check where the sign-in brought no refresh token', async () => {
  const { process, signIn, expire, server } = await world()
  const { refreshToken: _, ...tokens } = await signIn()
  expire()

  const [hinted, plain] = await Promise.all([
    process({ axes }).refresh(tokens),
    process().refresh(tokens),
  ])

  expect(hinted.error?.message).toBe(`${plain.error?.message} Ask for offline_access.`)
  expect(Object.keys(hinted.error!)).not.toContain('hint')
  expect(plain).toMatchObject({ needsSignIn: true, error: { code: 'no_refresh_token' } })
  expect(server.counts().presentations).toBe(0)
})

it('does not blame the sign-in of a chain that lost its refresh token later', async () => {
  const { process, signIn, expire } = await world()
  const tokens = await signIn()
  expire()
  const { refreshToken: _, ...stripped } = (await process().refresh(tokens)).tokens
  expire()

  const outcome = await process({ axes }).refresh(stripped)

  expect(outcome.error).toMatchObject({ code: 'no_refresh_token' })
  expect(outcome.error?.message).not.toContain('offline_access')
})
