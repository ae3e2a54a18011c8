import { auth } from '../../../auth'
import { profileOf } from '../../../profile'

/** A route handler that `auth` wraps. Without a proxy too, it sets the cookie. */
export const GET = auth(async (request) => Response.json(await profileOf(request.auth)))
