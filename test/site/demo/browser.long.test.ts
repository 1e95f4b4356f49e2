/* The demo page in another browser. */
import { converses } from './browser';

converses('firefox');
