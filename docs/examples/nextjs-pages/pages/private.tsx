import type { GetServerSideProps } from 'next'
import { getToken } from 'next-auth/jwt'
import { readTokenSet } from 'refresh-once'
import { profileOf, type Profile } from '../profile'

/** Behind `withAuth`. Both read the cookie as it is, which the proxy has renewed before. */
export const getServerSideProps: GetServerSideProps<Profile> = async ({ req }) => {
  const token = await getToken({ req })
  return { props: await profileOf(token && readTokenSet(token).tokens) }
}

export default function Private({ name, trouble }: Profile) {
  return <h1>{name ? `Only for ${name}` : `No name: ${trouble}`}</h1>
}
