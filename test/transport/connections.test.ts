import { describe, expect, it } from 'vitest'
import { Secret } from '../../src/core/secret.ts'
import { loopback, say } from './loopback.ts'
import type { Loopback } from './loopback.ts'
import { PRESENTED, discovering, transportTo } from './setup.ts'

const PRESENTATIONS = 6

/** Presents several times, each with a little time for the connection to become idle. */
async function presentedTo(server: Loopback, rotation: 'always' | 'never'): Promise<void> {
  const transport = transportTo(server.origin, { provider: { rotation } })
  for (let i = 0; i < PRESENTATIONS; i++) {
    const prepared = await transport.prepare({ refreshToken: new Secret(`rt-${i}`), audience: {} })
    if (!prepared.ready) throw new Error(prepared.code)
    await prepared.present()
    await new Promise(setImmediate)
  }
}

describe('connections', () => {
  it('takes a fresh one for each presentation of a rotating token', async () => {
    const server = await loopback((_request, response) => say(response, 200, { access_token: 'a' }))

    await presentedTo(server, 'always')

    expect(server.seen).toHaveLength(PRESENTATIONS)
    expect(server.sockets()).toBe(PRESENTATIONS)
  })

  it('keeps one alive where tokens never rotate', async () => {
    const server = await loopback((_request, response) => say(response, 200, { access_token: 'a' }))

    await presentedTo(server, 'never')

    expect(server.seen).toHaveLength(PRESENTATIONS)
    expect(server.sockets()).toBeLessThan(PRESENTATIONS)
  })

  it('leaves none behind after discovery that a rotating token could be lost on', async () => {
    const server = await loopback(({ url }, response) =>
      say(
        response,
        200,
        url === '/token'
          ? { access_token: 'a' }
          : { issuer: server.origin, token_endpoint: `${server.origin}/token` },
      ),
    )

    const prepared = await discovering(server.origin).prepare(PRESENTED)

    expect(prepared.ready).toBe(true)
    expect(server.seen[0]?.headers.connection).toBe('close')
  })
})
