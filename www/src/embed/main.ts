// The beginning of an embedded figure.

import { begun } from './begin';

begun(() => ({ hash: location.hash, home: './index.html' }));
