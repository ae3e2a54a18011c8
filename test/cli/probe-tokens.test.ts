import { describe, expect, it } from 'vitest'
import { tokensIn } from '../../src/cli/probe/files.ts'

describe('tokensIn', () => {
  it('reads a token response as it came, which has a lifetime and no time', () => {
    const response = { access_token: 'at', refresh_token: 'rt', expires_in: 3600 }

    expect(tokensIn(JSON.stringify(response))).toMatchObject({ refreshToken: 'rt' })
  })

  it('reads what google-auth-library stores', () => {
    const stored = { refresh_token: 'rt', expiry_date: 1_760_000_000_000 }

    expect(tokensIn(JSON.stringify(stored))).toMatchObject({
      refreshToken: 'rt',
      expiresAtMs: 1_760_000_000_000,
    })
  })

  it('quotes nothing of a text that holds no refresh token', () => {
    expect(() => tokensIn('{"access_token":"secret-at"}')).toThrow(
      /^the text holds no refresh token$/,
    )
  })
})
