import { defineProvider } from 'refresh-once'
import type { ServerDescription } from 'refresh-once/testing'

/** The provider of your application. */
export const provider = defineProvider({
  id: 'acme',
  tokenEndpoint: 'https://id.acme.example/oauth/token',
  rotation: 'always',
  oldAccessToken: 'dies',
  failures: { token_expired: 'rejected' },
})

/** What the manual of its server says; what it leaves open is left out, and drawn. */
export const server: ServerDescription = {
  name: 'acme',
  rotation: 'always',
  reuseEffect: 'grant',
  oldAccessToken: 'dies',
  wire: { dead: { status: 400, error: 'token_expired' } },
}
