import { auth } from '../../auth'
import { profileOf } from '../../profile'

/** A server component that calls an API for the user. */
export default async function Home() {
  const { name, trouble } = await profileOf(await auth())

  return <h1>{name ? `Hello, ${name}` : `No name: ${trouble}`}</h1>
}
