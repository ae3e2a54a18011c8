/** An access token from the broker: node client.mjs SOCKET GRANT */
import { request } from 'node:http'

/** @returns {Promise<{ access_token: string; expires_in?: number }>} */
export function tokenFrom(socketPath, grant) {
  const path = `/v1/grants/${encodeURIComponent(grant)}/token?min_valid=60`
  const bearer = process.env.BROKER_TOKEN
  const headers = bearer ? { authorization: `Bearer ${bearer}` } : {}
  return new Promise((resolve, reject) => {
    request({ socketPath, path, headers, timeout: 30_000 }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (part) => (text += part))
      response.on('error', reject).on('end', () => {
        const answer = JSON.parse(text)
        if (response.statusCode === 200) return resolve(answer)
        reject(Object.assign(new Error(answer.title), answer))
      })
    })
      .on('error', reject)
      .end()
  })
}

const [, , socketPath, grant] = process.argv
console.log((await tokenFrom(socketPath, grant)).access_token)
