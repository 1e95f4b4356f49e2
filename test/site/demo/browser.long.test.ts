/* The demo page in Firefox. */
import { converses } from './browser';

converses('firefox');
