import { exportJWK, generateKeyPair, SignJWT } from 'jose'
import { expect, it } from 'vitest'
import { oidc } from '../../providers/oidc.ts'
import { createRefresher } from '../../src/index.ts'
import { HOUR_MS, world } from './world.ts'
import type { World } from './world.ts'

type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** A `fetch` that proves a key with each request (RFC 9449 §5), and takes the server's nonces. */
async function proving() {
  const { privateKey, publicKey } = await generateKeyPair('ES256')
  const jwk = await exportJWK(publicKey)
  let nonce: string | undefined
  let proofs = 0
  const proof = { isBroken: false }
  const proven: Fetch = async (url, init) => {
    const claims = { htm: init.method, htu: url, jti: `proof-${(proofs += 1)}`, nonce }
    const signed = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk })
      .setIssuedAt()
      .sign(privateKey)
    const headers = new Headers(init.headers)
    headers.set('dpop', proof.isBroken ? `${signed.slice(0, -9)}AAAAAAAAA` : signed)
    const response = await fetch(url, { ...init, headers })
    nonce = response.headers.get('dpop-nonce') ?? undefined
    return response
  }
  return { proof, fetch: proven }
}

/** Tokens that a server has bound to the key of `fetch`. */
async function bound({ signIn, process: start, expire }: World, fetch: Fetch) {
  const first = { ...(await signIn()), tokenType: undefined }
  const { tokens } = await start({ fetch }).refresh(first, { refused: true })
  expect(tokens.tokenType).toBe('DPoP')
  expire()
  return tokens
}

it('tokens bound to a key are not presented without a proof, and are not lost', async () => {
  const place = await world({ accessTokenMs: HOUR_MS })
  const { fetch } = await proving()
  const tokens = await bound(place, fetch)

  const { server, store, clock } = place
  const unproven = createRefresher({
    provider: oidc({ issuer: server.issuer }),
    client: server.clients.public,
    ledger: { store },
    clock,
    onEvent: () => {},
  })

  const without = await unproven.refresh(tokens)

  expect(without).toMatchObject({
    usable: false,
    needsSignIn: false,
    error: { code: 'misconfigured', hint: expect.stringContaining('DPoP') },
  })
  expect(place.server.counts().presentations).toBe(1)
  expect(await place.process({ fetch }).refresh(tokens)).toMatchObject({ state: 'rotated' })
})

it('a server that wants a nonce first does not cost the session', async () => {
  const place = await world({ accessTokenMs: HOUR_MS, dpopNonces: true, presentsTwice: true })
  const { fetch } = await proving()
  const tokens = { ...(await place.signIn()), tokenType: undefined }
  place.expire()
  const one = place.process({ fetch })

  const asked = await one.refresh(tokens)

  expect(asked).toMatchObject({
    needsSignIn: false,
    error: { code: 'refused', oauthError: 'use_dpop_nonce' },
  })
  expect(await one.refresh(asked.tokens)).toMatchObject({ state: 'rotated', usable: true })
})

it('a proof that the server does not take does not cost the session', async () => {
  const place = await world({ accessTokenMs: HOUR_MS, presentsTwice: true })
  const { fetch, proof } = await proving()
  const tokens = await bound(place, fetch)
  const one = place.process({ fetch })
  proof.isBroken = true

  const refused = await one.refresh(tokens)
  proof.isBroken = false

  expect(refused).toMatchObject({
    needsSignIn: false,
    error: { code: 'refused', oauthError: 'invalid_dpop_proof' },
  })
  expect(await one.refresh(refused.tokens)).toMatchObject({ state: 'rotated', usable: true })
})
