import type { Edit } from '../edits.ts'

/** A resource of the server under test: its clients may do without scopes of OpenID Connect. */
export const SPOTIFY_API = 'https://api.spotify.com/'

/** Spotify's endpoints, where that server is. */
export const SPOTIFY = `import Spotify from 'next-auth/providers/spotify'
import { spotify as described } from 'refresh-once/providers/spotify'

const { AUTH_ISSUER: issuer = 'https://id.example.com', PROFILE: userinfo } = process.env
const authorization = issuer + '/auth?scope=read&resource=${SPOTIFY_API}'
const token = issuer + '/token'

// It answers with \`iss\` (RFC 9207), which Spotify does not.
const here = { issuer, authorization, token, userinfo }

export default (options: Parameters<typeof Spotify>[0]) => Spotify({ ...options, ...here })
export const spotify = () => described({ tokenEndpoint: token })
`

/** Puts them into an example. */
export const AT_SPOTIFY: readonly Edit[] = [
  'next-auth/providers/spotify',
  'refresh-once/providers/spotify',
].map((text) => ({ path: 'provider.ts', text, replacement: './spotify' }))
