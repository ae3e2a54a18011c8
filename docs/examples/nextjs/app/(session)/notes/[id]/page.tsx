import { auth } from '../../../../auth'
import { profileOf } from '../../../../profile'

export default async function Note({ params }: { readonly params: Promise<{ id: string }> }) {
  const { id } = await params
  const { name, trouble } = await profileOf(await auth())

  return <h1>{name ? `Note ${id} of ${name}` : `No note: ${trouble}`}</h1>
}
