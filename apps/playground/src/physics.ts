/** The worker of environments with a physics engine: the same one, as a file of its own. */
import './worker.js';
