import type { NextApiRequest, NextApiResponse } from 'next'
import { getServerSession } from 'next-auth'
import { authOptions } from '../../auth'
import { profileOf } from '../../profile'

/** An API of the application, which calls another one for the user. */
export default async function handler(req: NextApiRequest, res: NextApiResponse) {
  res.json(await profileOf(await getServerSession(req, res, authOptions)))
}
