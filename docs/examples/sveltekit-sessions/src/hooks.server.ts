import { sessions } from 'refresh-once/sveltekit'
import { options } from '$lib/server/oauth'

export const handle = sessions(options)
