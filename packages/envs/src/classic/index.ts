/**
 * The classic-control tasks. To add one: write its file beside these, export a `definition`, list it here. A test fails for a
 * file that is not listed.
 */
import type { EnvDefinition } from '../definition.js';
import { definition as acrobot } from './acrobot.js';
import { definition as cartPole } from './cart-pole.js';
import { definition as mountainCar } from './mountain-car.js';
import { definition as mountainCarContinuous } from './mountain-car-continuous.js';
import { definition as pendulum } from './pendulum.js';

export const classic: readonly EnvDefinition[] = [cartPole, acrobot, mountainCar, mountainCarContinuous, pendulum];
