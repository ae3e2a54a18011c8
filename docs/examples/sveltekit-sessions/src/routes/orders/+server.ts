import { api } from '$lib/server/oauth'
import type { RequestHandler } from './$types'

export const GET: RequestHandler = async ({ locals }) => {
  try {
    const answer = await locals.oauth.fetch(`${api}/orders`)
    return Response.json(await answer.json(), { status: answer.ok ? 200 : 502 })
  } catch (error) {
    // Nobody is signed in, the grant has ended, or the AS is away.
    const answer = locals.oauth.responseTo(error)
    if (answer === undefined) throw error
    return answer
  }
}
