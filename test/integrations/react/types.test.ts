import type { useSession as useSession4 } from 'next-auth/react'
import type { useSession as useSession5 } from 'next-auth-5/react'
import { describe, expectTypeOf, it } from 'vitest'
import type { SessionGuardOptions, SessionSource } from '../../../src/integrations/react.ts'

describe('useSessionGuard', () => {
  it('takes what useSession of next-auth 4 and 5 returns', () => {
    expectTypeOf<ReturnType<typeof useSession4>>().toExtend<SessionSource>()
    expectTypeOf<ReturnType<typeof useSession5>>().toExtend<SessionSource>()
    expectTypeOf<{ data: unknown; status: 'loading' }>().not.toExtend<SessionSource>()
  })

  it('takes signOut of both', () => {
    expectTypeOf<typeof import('next-auth/react').signOut>().toExtend<SignOut>()
    expectTypeOf<typeof import('next-auth-5/react').signOut>().toExtend<SignOut>()
  })
})

type SignOut = SessionGuardOptions['signOut']
