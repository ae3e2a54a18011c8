'use server'

import { auth, signIn, signOut } from '../auth'
import { profileOf } from '../profile'

export async function whoAmI() {
  return profileOf(await auth())
}

export async function enter() {
  await signIn()
}

export async function leave() {
  await signOut({ redirectTo: '/' })
}
