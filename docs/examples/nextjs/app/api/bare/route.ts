import { auth } from '../../../auth'
import { profileOf } from '../../../profile'

/** A route handler that asks for the session. The proxy has renewed it, and sets the cookie. */
export async function GET() {
  return Response.json(await profileOf(await auth()))
}
