# 200 small random designs, most of them singular, and the best fits R finds of them.
# Run from the project's root:  Rscript tests/oracles/r/random_designs.R
# It writes tests/oracles/random_designs/rows.csv and tests/oracles/r/random_designs.json.
# A design lme4 refuses (more deviations than rows, a fixed term without variation) is drawn again.
source("tests/oracles/r/best_of_r.R")
formulas <- paste("y ~ time + x +", c(
  "(1|client) + (1|therapist)", "(1+time|client) + (1|therapist)", "(1+time||client) + (1|therapist)",
  "(1+time|client) + (1+time|therapist)", "(1|client)"))
drawn_at_random <- function(design) {
  therapists <- sample(3:8, 1)
  clients <- max(therapists + 2, round(exp(runif(1, log(9), log(64)))))
  none <- function(p, value) if (runif(1) < p) 0 else value
  sd <- c(none(.2, 3), none(.5, .5), none(.5, 1.5), none(.5, .3))
  drawn(therapists, clients, sample(3:10, 1), sample(c(0, .2, .5, 1), 1, prob = c(3, 3, 2, 2)),
        sample(c("session", "client", if (therapists > 4) "therapist"), 1), sd,
        correlation = sample(c(0, -.5, .95), 1), noise = sample(c(1, 2, 4), 1))
}
# Drawn until lme4 takes it. Read back as rounded, so that both sides have the same numbers.
accepted <- function(design) {
  set.seed(20240000 + design)
  formula <- as.formula(formulas[(design - 1) %% 5 + 1])
  repeat {
    rows <- drawn_at_random(design)
    fit <- tryCatch(suppressMessages(suppressWarnings(lmer(formula, rows, control = tight))),
                    error = function(e) NULL)
    if (!is.null(fit) && length(fixef(fit)) == 3) return(cbind(design, rows))
  }
}
file <- "tests/oracles/random_designs/rows.csv"
write.csv(do.call(rbind, lapply(1:200, accepted)), file, row.names = FALSE, quote = FALSE)
rows <- split(read.csv(file), read.csv(file)$design)
fits <- parallel::mclapply(1:200, mc.cores = 2, function(design) {
  set.seed(design)
  formula <- formulas[(design - 1) %% 5 + 1]
  lapply(c(TRUE, FALSE), function(reml) c(
    list(design = design, formula = formula),
    said(best_fit(as.formula(formula), rows[[as.character(design)]], reml))))
})
written(list(r = R.version.string, packages = versions("lme4", "glmmTMB", "nloptr", "TMB")),
        "designs", do.call(c, fits), "tests/oracles/r/random_designs.json")
