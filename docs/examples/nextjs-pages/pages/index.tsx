import type { GetServerSideProps } from 'next'
import { getServerSession } from 'next-auth'
import { authOptions } from '../auth'
import { profileOf, type Profile } from '../profile'

/** With `req` and `res`, a session that was renewed here is written into the cookie. */
export const getServerSideProps: GetServerSideProps<Profile> = async ({ req, res }) => ({
  props: await profileOf(await getServerSession(req, res, authOptions)),
})

export default function Home({ name, trouble }: Profile) {
  return <h1>{name ? `Hello, ${name}` : `No name: ${trouble}`}</h1>
}
