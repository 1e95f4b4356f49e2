import session from 'express-session';

declare module 'express-session' {
  interface SessionData { user: string }
}
declare module '../../../src/realtime' {
  interface Handshake { session: session.Session & Partial<session.SessionData> }
}

const { SESSION_SECRET, NODE_ENV } = process.env;
// iisnode sets NODE_ENV to production.
if (!SESSION_SECRET && NODE_ENV === 'production') throw new Error('SESSION_SECRET is missing');

/** Pages and sockets use the same middleware, so it is made once. */
export const signIn = session({
  secret: SESSION_SECRET || 'only for npm start',
  resave: false,
  saveUninitialized: false,
  cookie: { sameSite: 'lax' },
});
