import { redirect } from '@sveltejs/kit'
import { api } from '$lib/server/oauth'
import type { PageServerLoad } from './$types'

export const load: PageServerLoad = async ({ locals }) => {
  if (!locals.oauth.isSignedIn) redirect(303, locals.oauth.signInPath)
  const outcome = await locals.oauth.outcome()
  if (outcome?.needsSignIn) redirect(303, locals.oauth.signInPath)
  const answer = await locals.oauth.fetch(`${api}/orders`)
  return { orders: ((await answer.json()) as { orders: number[] }).orders }
}
