// Style and script of a figure that is one file.

import '../embed/embed.css';
import './main';
