//! Scripts run in a kernel of their own, judged by what bash and dash print.

mod cases;
mod depth;
