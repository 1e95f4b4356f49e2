import express, { Router } from 'express';
import type { Server } from '../../../src/realtime';
import { roomOf } from './app';
import { signIn } from './sign-in';

export function addPages(pages: Router, io: Server): void {
  pages.use(signIn);

  pages.post('/login', express.urlencoded({ extended: false }), (req, res, next) => {
    const { name, password } = req.body as { [field: string]: string };
    if (!isRight(name!, password!)) return res.redirect('sign-in.html?wrong');
    // Another id, so that nobody can use one that he has planted before.
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
      // Their pages stay away: they have been let in as this user.
      const sockets = user === undefined ? [] : io.sockets.clients(roomOf(user));
      for (const socket of sockets) socket.disconnect();
      res.redirect('sign-in.html');
    });
  });
}

/** In place of your users. */
function isRight(name: string, password: string): boolean {
  return ['ada', 'bob'].includes(name) && password === 'secret';
}
