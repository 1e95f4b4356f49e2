/* The demo page in another browser. */
import { converses } from './browser/cases';

converses('firefox');
