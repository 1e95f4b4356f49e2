import express, { Router } from 'express';
import type { Server } from '../../../src/realtime';
import { roomOf } from './app';
import { signIn } from './sign-in';

export function addPages(pages: Router, io: Server): void {
  pages.use(signIn);

  pages.post('/login', express.urlencoded({ extended: false }), (req, res, next) => {
    const { name, password } = req.body as { [field: string]: string };
    if (!isRight(name!, password!)) return res.redirect('sign-in.html?wrong');
    // The session gets a new id: an attacker may have planted the old one.
    req.session.regenerate(error => {
      if (error) return next(error);
      req.session.user = name!;
      res.redirect('sign-in.html');
    });
  });

  pages.post('/logout', (req, res, next) => {
    const { user } = req.session;
    req.session.destroy(error => {
      if (error) return next(error);
      // The user's pages stay away: they were let in as this user.
      const sockets = user === undefined ? [] : io.sockets.clients(roomOf(user));
      for (const socket of sockets) socket.disconnect();
      res.redirect('sign-in.html');
    });
  });
}

/** This function stands in place of your users. */
function isRight(name: string, password: string): boolean {
  return ['ada', 'bob'].includes(name) && password === 'secret';
}
