import type { ServerDescription } from '../../src/testing/authorization-server.ts'

/** The backends of two tutorials, as `credentials` describes them from the other side. */
export const jsonBackend: ServerDescription = {
  name: 'json-backend',
  rotation: 'always',
  validates: 'before_consuming',
  wire: {
    carry: { json: 'userRefreshToken' },
    answer: { accessToken: 'userToken', refreshToken: 'userRefreshToken' },
    accessToken: 'jwt',
    expiresIn: 'absent',
    tokenType: 'absent',
    dead: { status: 401, members: { message: 'Unauthorized' } },
    client: { status: 403 },
  },
}

export const cookieBackend: ServerDescription = {
  name: 'cookie-backend',
  rotation: 'sometimes',
  keptAs: 'absent',
  wire: {
    carry: { cookie: 'refresh' },
    answer: { accessToken: 'token', refreshToken: { cookie: 'refresh' } },
    accessToken: 'jwt',
    expiresIn: 'absent',
    tokenType: 'absent',
    dead: { status: 401 },
    client: { status: 403 },
  },
}
