# 100 small random designs of other outcomes than scores, most of them singular, and the best
# log-likelihood glmmTMB finds of each from several starts (Laplace, observed information).
# Run from the project's root:  Rscript tests/oracles/r/generalized_designs.R
# It writes tests/oracles/generalized/designs.csv and tests/oracles/r/generalized_designs.json.
source("tests/oracles/r/best_of_r.R")
formulas <- paste("y ~ time + x +", c(
  "(1|client) + (1|therapist)", "(1+time|client) + (1|therapist)", "(1+time||client) + (1|therapist)",
  "(1|client)", "(1|therapist)"))
families <- list(logit = binomial("logit"), cloglog = binomial("cloglog"), probit = binomial("probit"),
                 log = poisson())
family_of <- function(design) c("logit", "log", "cloglog", "logit", "probit")[(design - 1) %/% 5 %% 5 + 1]
at_random <- function(design) {
  repeat {
    therapists <- sample(3:8, 1)
    clients <- max(therapists + 2, round(exp(runif(1, log(12), log(64)))))
    none <- function(p, value) if (runif(1) < p) 0 else value
    sd <- c(none(.4, 1), none(.6, .2), none(.6, .7), 0)
    rows <- drawn(therapists, clients, sample(4:12, 1), sample(c(0, .2, .5, 1), 1, prob = c(3, 3, 2, 2)),
                  sample(c("session", "client"), 1), sd, sample(c(0, -.5, .9), 1), noise = .001)
    eta <- (rows$y - 20) + runif(1, -1, .5)
    link <- family_of(design)
    rows$y <- if (link == "log") rpois(nrow(rows), exp(pmin(eta, 4))) else
      rbinom(nrow(rows), 1, families[[link]]$linkinv(eta))
    both <- table(rows$y > 0)
    if (length(both) == 2 && min(both) >= 8) return(cbind(design, rows))
  }
}
made <- lapply(1:100, function(design) { set.seed(31000 + design); at_random(design) })
file <- "tests/oracles/generalized/designs.csv"
write.csv(do.call(rbind, made), file, row.names = FALSE, quote = FALSE)
rows <- split(read.csv(file), read.csv(file)$design)
fits <- parallel::mclapply(1:100, mc.cores = 2, function(design) {
  formula <- formulas[(design - 1) %% 5 + 1]
  data <- rows[[as.character(design)]]
  best <- NULL
  for (size in c(0, -1.5, .7, -4)) {
    fit <- tryCatch(suppressMessages(suppressWarnings({
      empty <- glmmTMB(as.formula(formula), data, families[[family_of(design)]], doFit = FALSE)
      theta <- empty$parameters$theta
      many <- vapply(empty$condReStruc, function(s) s$blockNumTheta, 1)
      theta[] <- size
      if (any(many == 3)) theta[cumsum(many)[many == 3]] <- 0
      glmmTMB(as.formula(formula), data, families[[family_of(design)]], start = list(theta = theta),
              control = glmmTMBControl(optCtrl = list(iter.max = 2000, eval.max = 4000, rel.tol = 1e-13)))
    })), error = function(e) NULL)
    if (is.null(fit)) next
    value <- -fit$fit$objective
    if (is.finite(value) && (is.null(best) || value > best$loglik)) {
      sd <- unlist(lapply(VarCorr(fit)$cond, function(v) attr(v, "stddev")))
      best <- list(loglik = value, smallest = min(sd))
    }
  }
  c(list(design = design, formula = formula, link = family_of(design), rows = nrow(data)), best)
})
written(list(r = R.version.string, packages = versions("glmmTMB", "TMB")), "designs", fits,
        "tests/oracles/r/generalized_designs.json")
